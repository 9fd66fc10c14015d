import { DOMParser, type Element as DomElement, ParseError } from '@xmldom/xmldom';
import { SimulatorError } from '../../sim/index.ts';

/** Where something stands in the text; both count from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

export interface XmlElement extends TextPlace {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** Its own text, without that of its children. */
  readonly text: string;
}

/** Far above any real definition; libxml2 has limits of the same order. */
const MOST_CHARACTERS = 10_000_000;
const DEEPEST = 256;
const ELEMENT = 1;
const TEXT = [3, 4]; // text and CDATA
const DOCTYPE = 10;

/**
 * Reads an XML document. No entity is expanded but the five of XML itself and character references: neither a file nor a
 * "billion laughs" can be smuggled in, and a document type definition is refused as such.
 * @throws {SimulatorError} `domain.xml`, with line and column.
 */
export function parseXml(text: string, file: string): XmlElement {
  if (text.length > MOST_CHARACTERS) throw malformed(file, { line: 1, column: 1 }, `more than ${MOST_CHARACTERS} characters`);
  let first: { readonly message: string; readonly at: TextPlace } | undefined;
  const note = (message: string, { lineNumber = 1, columnNumber = 1 }: { lineNumber?: number; columnNumber?: number } = {}) => {
    first ??= { message, at: { line: Math.max(1, lineNumber), column: Math.max(1, columnNumber) } };
  };
  try {
    // What the parser only warns of (an attribute without quotes) is no XML either.
    const parser = new DOMParser({ onError: (_level, message, context) => note(message, context?.locator) });
    const document = parser.parseFromString(text, 'text/xml');
    for (let node = document.firstChild; node; node = node.nextSibling) {
      if (node.nodeType === DOCTYPE) note('a document type definition is not accepted', node);
    }
    if (!first && document.documentElement) return elementOf(document.documentElement, file, 1);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    note(error.message, error.locator as { lineNumber?: number; columnNumber?: number });
  }
  throw malformed(file, first?.at ?? { line: 1, column: 1 }, first?.message ?? 'there is no element');
}

function elementOf(element: DomElement, file: string, depth: number): XmlElement {
  const place = { line: element.lineNumber ?? 1, column: element.columnNumber ?? 1 };
  if (depth > DEEPEST) throw malformed(file, place, `elements lie more than ${DEEPEST} deep in each other`);
  const children: XmlElement[] = [];
  let text = '';
  for (let node = element.firstChild; node; node = node.nextSibling) {
    if (node.nodeType === ELEMENT) children.push(elementOf(node as DomElement, file, depth + 1));
    else if (TEXT.includes(node.nodeType)) text += node.nodeValue ?? '';
  }
  const attributes = new Map([...element.attributes].map(({ name, value }) => [name, value]));
  return { name: element.tagName, attributes, children, text, ...place };
}

/** As libvirt puts it: the document is called `(domain_definition)`; the words of the parser are its own. */
function malformed(file: string, { line, column }: TextPlace, message: string): SimulatorError {
  // libxml2's wording of the most frequent mistake.
  const words = message.replace(/^(Opening and ending tag mismatch): "(.*)" != "(.*)"$/, `$1: $2 line ${line} and $3`);
  return new SimulatorError('domain.xml', { where: `${file}:${line}:${column}`, what: `(domain_definition):${line}: ${words}` });
}

export const childrenOf = (element: XmlElement, name: string): readonly XmlElement[] =>
  element.children.filter(child => child.name === name);

/** The first element at a path such as `backend/device`. */
export function firstAt(element: XmlElement, path: string): XmlElement | undefined {
  let here: readonly XmlElement[] = [element];
  for (const name of path.split('/')) here = here.flatMap(one => childrenOf(one, name));
  return here[0];
}
