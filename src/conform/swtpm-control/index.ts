export { isControlLine } from './format.ts';
export { playControl } from './player.ts';
