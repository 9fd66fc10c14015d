import type { RecordingKind } from '../../recording-kind.ts';
import { playCommandLine } from '../qemu-command-lines.ts';
import { playFrontend } from './board-player.ts';
import { readFrontends } from './frontend-recording.ts';
import { playSpapr } from './spapr-player.ts';

export const qemuFrontends: RecordingKind<object> = {
  name: 'qemu-frontends',
  about: 'TPM devices of QEMU: an object with `format: "qemu-frontends ..."` and `vectors`',
  recognises: (json): json is object => {
    if (typeof json !== 'object' || json === null || !('format' in json) || !('vectors' in json)) return false;
    return typeof json.format === 'string' && json.format.startsWith('qemu-frontends');
  },
  async *play(json, { file }, wanted, { qemu }) {
    for (const vector of readFrontends(file, json).vectors) {
      if (!wanted(vector.name)) continue;
      if ('commandLine' in vector) yield { about: vector.about, ...playCommandLine(vector, qemu.behaviour) };
      else yield await (vector.kind === 'spapr' ? playSpapr(vector) : playFrontend(vector));
    }
  },
};
