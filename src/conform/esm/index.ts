export { type EsmManifest, isEsmManifest } from './format.ts';
export { type PlayedEsmCase, playEsmManifest } from './player.ts';
