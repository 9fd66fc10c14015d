import type { ChosenGeneration } from '../machine/index.ts';
import type { PlayedCase } from './played-case.ts';
import type { RecordingFile } from './recording-file.ts';

/** A kind of recording: how it is told from the others by its content, and how its cases are played. */
export interface RecordingKind<Content = unknown> {
  readonly name: string;
  /** What is recorded, and what in the file says so. */
  readonly about: string;
  /** Whether a file means to be of this kind. @param content its JSON; of JSON lines the first line's. */
  recognises(content: unknown): content is Content;
  /**
   * Plays the cases whose names are wanted. @param content what was recognised.
   * @param generation what is played against: what the recording says it was observed on, unless somebody asked for another.
   */
  play(content: Content, file: RecordingFile, wanted: Wanted, generation: ChosenGeneration): AsyncIterable<PlayedCase>;
}

/** Whether the case of this name is to be played. */
export type Wanted = (name: string) => boolean;
