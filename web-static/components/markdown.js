import { html } from '../lib/preact.js';

// The little of Markdown that people write into tickets: paragraphs, lists, headings as bold lines, **bold**, `code`, bare links. A backslash
// before punctuation means that character itself. Text becomes nodes, never markup.

const escaped = /\\([!-/:-@[-`{-~])/g;
const inline = /\\([!-/:-@[-`{-~])|\*\*(.+?)\*\*|`([^`]+)`|(https?:\/\/[^\s)]+)/g;
const literal = (text) => text.replace(escaped, '$1');

function spans(text) {
    const nodes = [];
    let end = 0;
    for (const match of text.matchAll(inline)) {
        nodes.push(text.slice(end, match.index));
        const [whole, character, bold, code, link] = match;
        if (character) nodes.push(character);
        else if (bold) nodes.push(html`<b>${literal(bold)}</b>`);
        else if (code) nodes.push(html`<code>${literal(code)}</code>`);
        else nodes.push(html`<a href=${link} target="_blank" rel="noreferrer">${link}</a>`);
        end = match.index + whole.length;
    }
    return [...nodes, text.slice(end)];
}

/** Lines of one kind that follow each other: `{kind: 'text' | 'bullets' | 'numbers' | 'code', lines}`. */
function blocksOf(text) {
    const blocks = [];
    let isCode = false;
    for (const line of text.split('\n')) {
        if (line.startsWith('```')) {
            isCode = !isCode;
            if (isCode) blocks.push({ kind: 'code', lines: [] });
            continue;
        }
        const kind = isCode ? 'code' : /^\s*[-*] /.test(line) ? 'bullets' : /^\s*\d+[.)] /.test(line) ? 'numbers' : 'text';
        const last = blocks.at(-1);
        if (!isCode && line.trim() === '') blocks.push({ kind: 'gap', lines: [] });
        else if (last?.kind === kind) last.lines.push(line);
        else blocks.push({ kind, lines: [line] });
    }
    return blocks.filter(({ lines }) => lines.length);
}

const item = (line) => html`<li>${spans(line.replace(/^\s*(?:[-*]|\d+[.)]) /, ''))}</li>`;

const drawings = {
    text: ({ lines }) => html`<p>${lines.map((line, index) => html`${index > 0 && html`<br />`}${spans(line.replace(/^#+ /, ''))}`)}</p>`,
    bullets: ({ lines }) => html`<ul>${lines.map(item)}</ul>`,
    numbers: ({ lines }) => html`<ol>${lines.map(item)}</ol>`,
    code: ({ lines }) => html`<pre class="raw" tabindex="0">${lines.join('\n')}</pre>`,
};

export const Markdown = ({ text }) => html`<div class="markdown">${blocksOf(text).map((block) => drawings[block.kind](block))}</div>`;
