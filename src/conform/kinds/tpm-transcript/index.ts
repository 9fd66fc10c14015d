export { LivePlayer } from './live-player.ts';
export { playTranscript, playTranscriptOn } from './play-transcript.ts';
export { replayStatic } from './static-replay.ts';
export { exchanges, isTranscriptLine, type TranscriptLine, transcriptLines } from './transcript-lines.ts';
