import { r } from '../registers.ts';
import { ultracall, where } from '../ultracall.ts';

const SOURCE = 'open-power/ultravisor core/uvcall.c, core/svm_host.c';
/** The published code writes no result; see `shareResult`. */
const written = (when: string) => where('shareResult', 'written', when);

const RETURNS = {
  U_SUCCESS: written('done'),
  U_PARAMETER: written("no SVM has the caller's lpid"),
  U_INVALID: where('notSecure', 'U_INVALID', 'the VM is not secure'),
  U_P2: written('a frame lies in no memory slot or is changing hands, or the hypervisor refused; frames changed so far are reverted'),
  U_RETRY: 'no memory before the start',
} as const;

export const UV_SHARE_PAGE = ultracall({
  number: 0xf130,
  name: 'UV_SHARE_PAGE',
  caller: 'svm kernel',
  source: SOURCE,
  about: 'Shares frames of the SVM with the hypervisor; their contents are zeroed.',
  in: { gfn: r(4, 'gfn'), num: r(5, 'pages') },
  out: {},
  returns: RETURNS,
});

export const UV_UNSHARE_PAGE = ultracall({
  number: 0xf134,
  name: 'UV_UNSHARE_PAGE',
  caller: 'svm kernel',
  source: SOURCE,
  about: 'Takes shared frames back; their contents are zeroed.',
  in: { gfn: r(4, 'gfn'), num: r(5, 'pages') },
  out: {},
  returns: RETURNS,
});

export const UV_UNSHARE_ALL_PAGES = ultracall({
  number: 0xf140,
  name: 'UV_UNSHARE_ALL_PAGES',
  caller: 'svm kernel',
  source: SOURCE,
  about: 'Takes every explicitly shared frame back; implicit and pseudo shared ones stay.',
  in: {},
  out: {},
  returns: {
    U_SUCCESS: RETURNS.U_SUCCESS,
    U_PARAMETER: RETURNS.U_PARAMETER,
    U_INVALID: RETURNS.U_INVALID,
    U_RETRY: written('the hypervisor did not take a frame back: those before it are secure, those behind it shared'),
  },
});
