export { buildFdt, fdtNode, type PropertyInput } from './build.ts';
export { addReservation, addSubnode, deleteNode, deleteProperty, emptyFdt, setProperty } from './edit.ts';
export { FDT_HEADER, FDT_HEADER_BYTES, FDT_MAGIC, type FdtHeader, readFdtHeader } from './header.ts';
export { type Fdt, type FdtNode, type FdtProperty, type FdtReservation, findNode, findProperty, propertyOf, walk } from './model.ts';
export { FDT_MAX_DEPTH, readFdt } from './read.ts';
export { asAddress, asText, asU32, cells, cells64, text } from './values.ts';
export { withLinuxStrings, writeFdt, writeLinuxFdt } from './write.ts';
