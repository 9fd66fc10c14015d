// One line a file: every record that it exports is an action.
export * from './blob.ts';
export * from './bytes.ts';
export * from './calls.ts';
export * from './device-tree.ts';
export * from './extra.ts';
export * from './fields.ts';
export * from './recording.ts';
export * from './registers.ts';
export * from './replay.ts';
export * from './swap.ts';
export * from './tpm.ts';
