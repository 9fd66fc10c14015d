export type { FileSystem } from './file-system.ts';
export { type FileSystemRecipe, fileSystemProblem, fileSystemTypes, makeFileSystem } from './make-file-system.ts';
export { recogniseFileSystem } from './recognise.ts';
