export { kernelDevices, notOnKernel } from './device.ts';
export { hasTraffic, isTpmrmRecording, type PlayedTpmrmCase, type RecordedCase, type Recording } from './format.ts';
export { playEmbedded, playLive, playOn, playScripted } from './play.ts';
export { observedRecording } from './record.ts';
export { RECORDED_COMMANDS } from './recorded-commands.ts';
