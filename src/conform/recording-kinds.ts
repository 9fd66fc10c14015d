import { esmBlobs } from './kinds/esm/play-esm-blob.ts';
import { hTpmCommCalls } from './kinds/h-tpm-comm/play-calls.ts';
import { libvirtDomains } from './kinds/libvirt-domains.ts';
import { luksVolumes } from './kinds/luks-volumes.ts';
import { qemuCommandLines } from './kinds/qemu-command-lines.ts';
import { qemuFrontends } from './kinds/qemu-frontends/play-frontends.ts';
import { swtpmControl } from './kinds/swtpm-control.ts';
import { tpmTranscripts } from './kinds/tpm-transcript/play-transcript.ts';
import { tpmrmCases } from './kinds/tpmrm/play-case.ts';
import { ultravisorCases } from './kinds/ultravisor/play-ultravisor.ts';
import type { RecordingKind } from './recording-kind.ts';

/** To play another kind of recording: one more file with its record, and its line here. */
export const RECORDING_KINDS: readonly RecordingKind[] = [
  qemuFrontends,
  hTpmCommCalls,
  tpmrmCases,
  ultravisorCases,
  libvirtDomains,
  qemuCommandLines,
  tpmTranscripts,
  swtpmControl,
  luksVolumes,
  esmBlobs,
];
