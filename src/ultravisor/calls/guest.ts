import * as spec from '../../spec/index.ts';
import { enterSecureMode } from '../transition/esm.ts';
import { getFile } from '../transition/get-file.ts';
import { ultracall } from './ultracall.ts';

export const UV_ESM = ultracall(spec.UV_ESM, (uv, { kbase, fdt }, vcpu) => enterSecureMode(uv, vcpu, kbase, fdt));

export const UV_ESMB_GET_FILE = ultracall(spec.UV_ESMB_GET_FILE, (uv, { offset }, vcpu) => getFile(uv, vcpu, offset ?? 0n));
