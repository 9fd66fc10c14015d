import { r } from '../registers.ts';
import { ultracall, where } from '../ultracall.ts';

export const UV_ESM = ultracall({
  number: 0xf110,
  name: 'UV_ESM',
  caller: 'guest kernel',
  source: 'open-power/ultravisor core/uvcall.c syscall_ultracall_esm_svm, uv_esm_svm',
  about: 'A normal VM asks to become secure. On success its kernel is started again from its base.',
  in: { kbase: r(4, 'gpa'), fdt: r(5, 'gpa') },
  out: {},
  returns: {
    U_SUCCESS: where('esmWhenSecure', 'U_SUCCESS', 'the VM is secure already'),
    U_PERMISSION: ['LPID is 0', where('esmFailure', 'ultravisor code', 'an integrity check fails')],
    U_PARAMETER: [
      where('esmZeroArguments', 'U_PARAMETER, U_P2', 'kbase is 0'),
      where('esmFailure', 'ultravisor code', 'the hypervisor gives no page to share'),
    ],
    U_P2: [
      where('esmZeroArguments', 'U_P2, U_P3', 'kbase is 0'),
      where('esmZeroArguments', 'U_PARAMETER, U_P2', 'fdt is 0'),
      where('esmFailure', 'ultravisor code', 'the device tree, or what it points to, is not valid'),
    ],
    U_P3: where('esmZeroArguments', 'U_P2, U_P3', 'fdt is 0'),
    U_RETRY: ['no memory for a record, or one of this lpid is still there', where('esmWhenSecure', 'U_RETRY', 'the VM is secure already')],
    U_FUNCTION: where('esmFailure', 'ultravisor code', 'the hypervisor does not support or refuses the transition'),
    U_NO_KEY: where('esmFailure', 'ultravisor code', 'the symmetric key could not be had'),
  },
});

const words = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`name${i}`, r(5 + i, 'text')]));
const data = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`data${i}`, r(4 + i, 'file data, 8 bytes')]));

export const UV_ESMB_GET_FILE = ultracall({
  number: 0xf14c,
  name: 'UV_ESMB_GET_FILE',
  caller: 'anyone',
  source: 'open-power/ultravisor core/uvcall.c; svm-tools svm-password-agent/src',
  about: 'Gives a program in the SVM up to 64 bytes of a file of the ESM blob. r3 is their number.',
  in: { offset: r(4, 'bytes'), ...words },
  out: data,
  returns: {
    U_PARAMETER: "no SVM has the caller's lpid, another process reads the file, offset goes back, or the file does not authenticate",
    U_RETRY: 'no memory',
  },
});
