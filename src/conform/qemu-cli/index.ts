export { isQemuCliRecording } from './format.ts';
export { playCommandLine } from './player.ts';
