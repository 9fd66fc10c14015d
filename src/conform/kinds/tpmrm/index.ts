export { kernelDevices, notOnKernel } from './case-devices.ts';
export { hasTraffic, isTpmrmRecording, type RecordedCase, type Recording } from './case-recording.ts';
export { observedRecording } from './observed-case.ts';
export { playEmbedded, playLive, playOn, playScripted } from './play-case.ts';
