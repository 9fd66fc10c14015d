export { isLuksManifest } from './format.ts';
export { playLuksManifest } from './player.ts';
