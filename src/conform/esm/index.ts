export { type EsmManifest, isEsmManifest } from './format.ts';
export { playEsmManifest } from './player.ts';
