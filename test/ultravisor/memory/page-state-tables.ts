/**
 * The table of docs/reference/pef.md#page-states, for an SVM that is secure: state, then what happens at SVM share, SVM unshare,
 * UV_PAGE_IN, UV_PAGE_OUT, UV_PAGE_INVAL. `->n`: the state afterwards; `=`: nothing; `->2*`: in the end, by way of the hypervisor.
 * Typed again by hand: it shares nothing with the simulator.
 */
const A4 = `
 0 SECURE              | ->2*  | =     | U_P2  | ->1         | U_P2
 1 PAGEDOUT            | ->2*  | ->0   | ->0   | U_PARAMETER | U_P2
 2 SHARED              | =     | ->0*  | ->2   | U_PARAMETER | ->3
 3 SHARED_INV          | =     | ->0*  | ->2   | U_PARAMETER | =
 4 SHARED_IMPLICIT     | =     | U_P2  | ->4   | U_PARAMETER | ->5
 5 SHARED_IMPLICIT_INV | =     | U_P2  | ->4   | U_PARAMETER | =
 6 HV_SHARING          | U_P2  | U_P2  | ->7   | U_PARAMETER | U_P2
 7 HV_SHARED           | U_P2  | U_P2  | ->7   | U_PARAMETER | ->8
 8 HV_SHARED_INV       | U_P2  | U_P2  | ->7   | U_PARAMETER | =
 9 HV_UNSHARING        | U_P2  | U_P2  | ->9   | U_PARAMETER | ->10
10 HV_UNSHARING_INV    | U_P2  | U_P2  | ->9   | U_PARAMETER | =
11 HV_UNSHARED         | U_P2  | U_P2  | U_P2  | U_RETRY     | U_P2
12 PSEUDO_SHARED       | =     | U_P2  | ->12  | U_PARAMETER | ->13
13 PSEUDO_SHARED_INV   | =     | U_P2  | ->12  | U_PARAMETER | =
`;

export const OPERATIONS = ['share', 'unshare', 'UV_PAGE_IN', 'UV_PAGE_OUT', 'UV_PAGE_INVAL'] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface Row {
  readonly number: number;
  readonly state: string;
  readonly cells: Readonly<Record<Operation, { readonly code: string; readonly next: number }>>;
}

export const GPF: readonly Row[] = A4.trim()
  .split('\n')
  .map(line => {
    const [head = '', ...cells] = line.split('|').map(cell => cell.trim());
    const [number = '', state = ''] = head.split(/\s+/);
    const cell = (text = '') => {
      if (text === '=') return { code: 'U_SUCCESS', next: Number(number) };
      const moved = /^->(\d+)\*?$/.exec(text);
      return moved ? { code: 'U_SUCCESS', next: Number(moved[1]) } : { code: text, next: Number(number) };
    };
    return {
      number: Number(number),
      state,
      cells: Object.fromEntries(OPERATIONS.map((name, i) => [name, cell(cells[i])])) as Row['cells'],
    };
  });

export const numberOf = (state: string): number => GPF.find(row => row.state === state)?.number ?? -1;

export const U_NUMBER: Readonly<Record<string, number>> = {
  U_SUCCESS: 0,
  U_PARAMETER: -4,
  U_RETRY: -5,
  U_P2: -55,
  U_P3: -56,
  U_P5: -58,
  U_STATE: -75,
};
