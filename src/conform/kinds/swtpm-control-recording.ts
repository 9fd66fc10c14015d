/**
 * A recording of swtpm's control channel beside its data channel: fixtures/observed/tpm/09-swtpm-control-channel.jsonl, described in the
 * README beside it.
 */
export interface ControlLine {
  readonly seq: number;
  readonly dir: 'command' | 'response';
  readonly channel: 'control' | 'data';
  readonly name: string;
  /** Long messages are cut, and end in `...`. */
  readonly hex: string;
  /** Bytes of the whole message. */
  readonly length?: number;
  readonly note?: string;
}

/** Whether a file's first line is that of such a recording. */
export const isControlLine = (json: unknown): boolean =>
  typeof json === 'object' && json !== null && 'channel' in json && 'dir' in json && 'hex' in json;
