export { kernelDevices, notOnKernel } from './device.ts';
export { hasTraffic, isTpmrmRecording, type RecordedCase, type Recording } from './format.ts';
export { playEmbedded, playLive, playOn, playScripted } from './play.ts';
export { observedRecording } from './record.ts';
