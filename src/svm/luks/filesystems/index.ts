export type { FileSystem } from './file-system.ts';
export { recogniseFileSystem } from './recognise.ts';
