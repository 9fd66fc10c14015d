export { isHTpmCommRecording } from './format.ts';
export { playRecording } from './player.ts';
