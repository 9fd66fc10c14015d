import type { GpfState } from '../core/svm.ts';

/** UV_PAGE_IN on a frame that the hypervisor is to back: the state afterwards (core/svm_host.c handle_page_in). */
export const AFTER_HV_PAGE_IN: Readonly<Partial<Record<GpfState, GpfState>>> = {
  SHARED: 'SHARED',
  SHARED_INV: 'SHARED',
  SHARED_IMPLICIT: 'SHARED_IMPLICIT',
  SHARED_IMPLICIT_INV: 'SHARED_IMPLICIT',
  HV_SHARING: 'HV_SHARED',
  HV_SHARED: 'HV_SHARED',
  HV_SHARED_INV: 'HV_SHARED',
  HV_UNSHARING: 'HV_UNSHARING',
  HV_UNSHARING_INV: 'HV_UNSHARING',
  PSEUDO_SHARED: 'PSEUDO_SHARED',
  PSEUDO_SHARED_INV: 'PSEUDO_SHARED',
};

/** UV_PAGE_INVAL: the state afterwards; a state that is absent here refuses it with U_P2 (core/svm_host.c handle_page_inval). */
export const AFTER_INVAL: Readonly<Partial<Record<GpfState, GpfState>>> = {
  SHARED: 'SHARED_INV',
  SHARED_INV: 'SHARED_INV', // a no-op; the comment table in include/svm_host.h says SHARED
  SHARED_IMPLICIT: 'SHARED_IMPLICIT_INV',
  SHARED_IMPLICIT_INV: 'SHARED_IMPLICIT_INV',
  HV_SHARED: 'HV_SHARED_INV',
  HV_SHARED_INV: 'HV_SHARED_INV',
  HV_UNSHARING: 'HV_UNSHARING_INV',
  HV_UNSHARING_INV: 'HV_UNSHARING_INV',
  PSEUDO_SHARED: 'PSEUDO_SHARED_INV',
  PSEUDO_SHARED_INV: 'PSEUDO_SHARED_INV',
};

/** What UV_SHARE_PAGE does with a frame: hand it over, page it in first, nothing (shared already), or refuse. */
export const ON_SHARE: Readonly<Record<GpfState, 'hand over' | 'page in first' | 'nothing' | 'refuse'>> = {
  SECURE: 'hand over',
  PAGEDOUT: 'page in first',
  SHARED: 'nothing',
  SHARED_INV: 'nothing',
  SHARED_IMPLICIT: 'nothing',
  SHARED_IMPLICIT_INV: 'nothing',
  HV_SHARING: 'refuse',
  HV_SHARED: 'refuse',
  HV_SHARED_INV: 'refuse',
  HV_UNSHARING: 'refuse',
  HV_UNSHARING_INV: 'refuse',
  HV_UNSHARED: 'refuse',
  PSEUDO_SHARED: 'nothing',
  PSEUDO_SHARED_INV: 'nothing',
};

/** What UV_UNSHARE_PAGE does with a frame. */
export const ON_UNSHARE: Readonly<Record<GpfState, 'take back' | 'nothing' | 'refuse'>> = {
  SECURE: 'nothing',
  PAGEDOUT: 'nothing',
  SHARED: 'take back',
  SHARED_INV: 'take back',
  SHARED_IMPLICIT: 'refuse',
  SHARED_IMPLICIT_INV: 'refuse',
  HV_SHARING: 'refuse',
  HV_SHARED: 'refuse',
  HV_SHARED_INV: 'refuse',
  HV_UNSHARING: 'refuse',
  HV_UNSHARING_INV: 'refuse',
  HV_UNSHARED: 'refuse',
  PSEUDO_SHARED: 'refuse',
  PSEUDO_SHARED_INV: 'refuse',
};

/** Frames whose contents the hypervisor holds in a page of its own. */
export const SHARED_STATES: ReadonlySet<GpfState> = new Set<GpfState>([
  'SHARED',
  'SHARED_INV',
  'SHARED_IMPLICIT',
  'SHARED_IMPLICIT_INV',
  'PSEUDO_SHARED',
  'PSEUDO_SHARED_INV',
]);
