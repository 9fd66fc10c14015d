export { isTpmrmRecording, type PlayedTpmrmCase, type RecordedCase, type Recording } from './format.ts';
export { playLive, playScripted } from './play.ts';
export { RECORDED_COMMANDS } from './recorded-commands.ts';
