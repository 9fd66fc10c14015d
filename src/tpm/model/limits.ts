export interface Limits {
  /** Slots for transient objects; persistent objects need one too while a command uses them. */
  readonly loadedObjects: number;
  readonly loadedSessions: number;
  /** Loaded and saved ones. */
  readonly activeSessions: number;
  readonly persistentObjects: number;
  /** Bytes for NV Indices and persistent objects. */
  readonly nvBytes: number;
}
/** swtpm with libtpms; how many persistent objects there may be is its version's matter. */
export const LIMITS: Omit<Limits, 'persistentObjects'> = { loadedObjects: 3, loadedSessions: 3, activeSessions: 64, nvBytes: 131072 };
