export { type EsmManifest, isEsmManifest } from './esm-manifest.ts';
export { playEsmManifest } from './play-esm-blob.ts';
