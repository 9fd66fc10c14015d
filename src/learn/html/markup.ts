import { escapeHtml } from '../../trace/index.ts';
import type { Block } from '../lesson.ts';

/** Text with `code` and *new words* marked. */
export const inline = (text: string): string =>
  escapeHtml(text)
    .replace(/`([^`]*)`/g, '<code>$1</code>')
    .replace(/(^|[^\w*])\*([^*\s][^*]*)\*/g, '$1<em>$2</em>');

export const blocks = (all: readonly Block[]): string =>
  all.map(block => (typeof block === 'string' ? `<p>${inline(block)}</p>` : `<pre>${escapeHtml(block.pre)}</pre>`)).join('\n');

/** Text that is not to be read by accident in the source of a page. */
export const coded = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
