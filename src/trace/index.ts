export { type Json, jsonLine, toJson } from './plain.ts';
export { FORMAT_VERSION, type TraceHeader, type TraceRun } from './stream/format.ts';
export { decodeTrace, readTrace, type Trace, type TracedRun } from './stream/reader.ts';
export { TraceWriter } from './stream/writer.ts';
export { type Paint, painter } from './timeline/paint.ts';
export { LEVELS, type Level, type Tone } from './timeline/rendering.ts';
export { Timeline, type TimelineOptions } from './timeline/timeline.ts';
