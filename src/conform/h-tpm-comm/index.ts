export { isHTpmCommRecording, type Recording, type Vector } from './format.ts';
export { playVector } from './player.ts';
