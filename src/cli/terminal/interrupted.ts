/** The person pressed Ctrl-C while a passphrase was asked for: it ends the command, and nothing was written. */
export class Interrupted extends Error {}
