export { isHTpmCommRecording } from './call-recording.ts';
export { playRecording } from './play-calls.ts';
