export { type Address, addressText, parseListenAddress, showAddress } from './address.ts';
export { listen, removeStale } from './listen.ts';
export { type Listener, type ListenerOptions, listenFor, type ServedChannel } from './listener.ts';
export { ENDPOINT, MSSIM, type MssimAnswer, type MssimCommand, type MssimName, type MssimRequest, mssimRequest } from './mssim.ts';
export { answerOf, type PromptChannel, type Taken, type Wanting } from './serve-stream.ts';
export * from './swtpm-control.ts';
