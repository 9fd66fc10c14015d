import { command } from '../command.ts';
import { flags } from './flags.ts';

export const decode = command({
  name: 'decode',
  about: 'Decode TPM commands and responses: hex digits, a file with bytes, a log with hex in it, or a capture (pcap, pcapng).',
  flags,
  exits: {
    held: 'every message is decoded',
    failed: 'a message is broken, the input is cut off, or --check found something',
    usage: 'wrong usage, or no message in it',
  },
  run: async (what, options, io) => (await import('./decode-messages.ts')).decode(what, options, io),
});
