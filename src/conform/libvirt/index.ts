export { isLibvirtRecording } from './format.ts';
export { playDomain } from './player.ts';
