import type { FoundMessage } from '../conversation.ts';
import { exchangeOf } from './exchange.ts';
import { Ledger } from './ledger.ts';
import { RULES, type Rule } from './rules.ts';

export interface CheckFinding {
  /** Number of the message. */
  readonly number: number;
  readonly where: string;
  readonly rule: string;
  readonly what: string;
  readonly cure: string;
}

/** Looks at messages in their order for what is wrong with the use of the TPM. */
export class TrafficChecker {
  readonly #ledgers = new Map<string, Ledger>();
  readonly #commands = new Map<string, FoundMessage>();
  readonly #places = new Map<number, string>();

  push(message: FoundMessage): readonly CheckFinding[] {
    const { conversation, inspected, answers } = message;
    if (inspected.kind === 'command') {
      this.#commands.set(conversation, message);
      return [];
    }
    const command = this.#commands.get(conversation);
    this.#commands.delete(conversation);
    if (!command || command.number !== answers || inspected.tpm || command.broken || message.broken) return [];
    const exchange = exchangeOf(command, message);
    const ledger = this.#ledgers.get(conversation) ?? new Ledger();
    this.#ledgers.set(conversation, ledger);
    const findings = RULES.flatMap(rule => {
      const what = rule.at?.(exchange, ledger);
      return what === undefined ? [] : [finding(rule, command.number, command.where, what)];
    });
    ledger.enter(exchange);
    if (ledger.held.has(heldBy(exchange.response))) this.#places.set(command.number, command.where);
    return findings;
  }

  end(): readonly CheckFinding[] {
    return [...this.#ledgers.values()].flatMap(ledger =>
      RULES.flatMap(rule =>
        (rule.end?.(ledger) ?? []).map(({ number, what }) => finding(rule, number, this.#places.get(number) ?? '', what)),
      ),
    );
  }
}

const heldBy = (response: Uint8Array): number =>
  response.length < 14 ? -1 : new DataView(response.buffer, response.byteOffset).getUint32(10);
const finding = ({ name, cure }: Rule, number: number, where: string, what: string): CheckFinding => ({
  number,
  where,
  rule: name,
  what,
  cure,
});
