export { exchanges, isTranscriptLine, type TranscriptLine, transcriptLines } from './lines.ts';
export { LivePlayer } from './live.ts';
export { playTranscript, playTranscriptOn } from './play.ts';
export { replayStatic } from './static.ts';
