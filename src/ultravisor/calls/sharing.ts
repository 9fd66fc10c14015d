import * as spec from '../../spec/index.ts';
import { U } from '../../spec/index.ts';
import type { UltracallResult } from '../core/ultracall-result.ts';
import type { Ultravisor } from '../core/ultravisor.ts';
import { share, unshare, unshareAll } from '../memory/sharing.ts';
import { ultracall } from './ultracall.ts';

/** The published code resumes the guest without writing R3, on success and on failure. */
const result = (uv: Ultravisor, code: number): UltracallResult<Record<never, never>> =>
  uv.profile.shareResult === 'written' ? { r3: code } : 'r3 unchanged';

export const UV_SHARE_PAGE = ultracall(spec.UV_SHARE_PAGE, async (uv, { gfn, num }, vcpu) => {
  const svm = uv.svm(vcpu.regs.lpidr);
  return result(uv, svm ? await share({ uv, svm, vcpu }, gfn, num) : U.PARAMETER);
});

export const UV_UNSHARE_PAGE = ultracall(spec.UV_UNSHARE_PAGE, async (uv, { gfn, num }, vcpu) => {
  const svm = uv.svm(vcpu.regs.lpidr);
  return result(uv, svm ? await unshare({ uv, svm, vcpu }, gfn, num) : U.PARAMETER);
});

export const UV_UNSHARE_ALL_PAGES = ultracall(spec.UV_UNSHARE_ALL_PAGES, async (uv, _input, vcpu) => {
  const svm = uv.svm(vcpu.regs.lpidr);
  return result(uv, svm ? await unshareAll({ uv, svm, vcpu }) : U.PARAMETER);
});
