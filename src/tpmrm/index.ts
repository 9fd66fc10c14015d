export type { HostFile, HostFiles, IoResult } from './host-file.ts';
