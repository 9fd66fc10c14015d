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
/** swtpm 0.7.1 with libtpms 0.9.2. */
export const LIMITS: Limits = { loadedObjects: 3, loadedSessions: 3, activeSessions: 64, persistentObjects: 65, nvBytes: 131072 };
