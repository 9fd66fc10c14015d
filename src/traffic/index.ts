export { CaptureReader } from './capture/capture-reader.ts';
export { LINK_TYPES } from './capture/link-types.ts';
export { PROTOCOLS } from './capture/protocols.ts';
export type { FoundMessage } from './conversation.ts';
export type { Sighting } from './message.ts';
export { MessageFinder } from './message-finder.ts';
export { KNOWN_DUMPS, type KnownDump } from './text/known-dumps.ts';
export { MARKERS } from './text/markers.ts';
export { TextReader } from './text/text-reader.ts';
