/** How deep a field lies: 0 for `tag`, 2 for `sessions[0].nonce`. */
export const depthOf = (path: string): number => path.split(/\.|(?=\[)/).length - 1;

/** `nonce` of `sessions[0].nonce`, `[0]` of `sessions[0]`. */
export const lastStep = (path: string): string => path.match(/(\[\d+\]|[^.[\]]+)$/)?.[0] ?? path;
