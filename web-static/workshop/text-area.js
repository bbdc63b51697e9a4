// What keys do in the editor. Changes go through the browser's own editing, so that Ctrl Z takes them back.

const indent = '  ';

/** Puts `text` in the place of [from, to); the selection ends after it, or covers what `select` says from there. */
export function replace(area, from, to, text) {
    area.focus();
    area.setSelectionRange(from, to);
    const isDone = text === '' ? document.execCommand('delete') : document.execCommand('insertText', false, text);
    if (isDone) return;
    area.setRangeText(text, from, to, 'end');
    area.dispatchEvent(new Event('input', { bubbles: true }));
}

const lineStart = (text, at) => text.lastIndexOf('\n', at - 1) + 1;

/** Tab and Shift Tab move whole lines where several are selected, else they put in or take away two spaces. */
function shift(area, isBack) {
    const { value, selectionStart, selectionEnd } = area;
    const isBlock = value.slice(selectionStart, selectionEnd).includes('\n');
    if (!isBlock && !isBack) return replace(area, selectionStart, selectionEnd, indent);
    const from = lineStart(value, selectionStart);
    const to = isBlock ? selectionEnd : Math.max(selectionEnd, from);
    const lines = value.slice(from, to).split('\n');
    const moved = lines.map((line) => (isBack ? line.replace(/^ {1,2}/, '') : line && indent + line)).join('\n');
    if (moved === lines.join('\n')) return undefined;
    replace(area, from, to, moved);
    const start = Math.max(from, selectionStart + (isBack ? -Math.min(2, lines[0].length - lines[0].trimStart().length) : indent.length));
    area.setSelectionRange(isBlock ? from : start, isBlock ? from + moved.length : start);
    return undefined;
}

/** A new line begins where the one before does, one step further after a colon. */
function breakLine(area) {
    const { value, selectionStart, selectionEnd } = area;
    const line = value.slice(lineStart(value, selectionStart), selectionStart);
    const lead = /^ */.exec(line)[0] + (/:\s*$/.test(line) ? indent : '');
    replace(area, selectionStart, selectionEnd, `\n${lead}`);
}

/** For `onKeyDown`. After Escape the next Tab leaves the field, as Tab does everywhere else. */
export function editingKeys() {
    let isLeaving = false;
    return (event) => {
        const wasLeaving = isLeaving;
        isLeaving = event.key === 'Escape' || (wasLeaving && event.key === 'Shift');
        if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.key === 'Tab' && !wasLeaving) {
            event.preventDefault();
            shift(event.currentTarget, event.shiftKey);
        } else if (event.key === 'Enter' && !event.shiftKey) {
            event.preventDefault();
            breakLine(event.currentTarget);
        }
    };
}

/** Where a line and a column (both from 1, columns in characters) are in a text; its end where there is no such place. */
export function offsetOf(text, line, column) {
    let start = 0;
    for (let number = 1; number < line; number += 1) {
        const next = text.indexOf('\n', start);
        if (next < 0) return text.length;
        start = next + 1;
    }
    const end = text.indexOf('\n', start);
    const words = [...text.slice(start, end < 0 ? undefined : end)];
    return start + words.slice(0, column - 1).join('').length;
}

// One word is put for another where a person asks for it. `pao catalog validate --fix`, which nobody watches, does less.
const replaceable = new Set(['unknown-kind', 'unknown-key', 'wrong-type', 'bad-value', 'bad-version', 'unknown-field-type',
    'missing-reference', 'unknown-field', 'unknown-scope', 'unknown-path', 'unknown-output']);

/** `[from, to)` of the word that a finding's suggestion takes the place of; undefined where it is for a person to write. */
export function fixRange(text, { rule, suggestion, line, column }) {
    if (!suggestion || !replaceable.has(rule)) return undefined;
    const from = offsetOf(text, line, column);
    const quote = /["']/.test(text[from]) ? text[from] : undefined;
    if (quote) {
        const end = text.indexOf(quote, from + 1);
        return end < 0 ? undefined : [from + 1, end];
    }
    const word = /^[\p{L}\p{N}_.-]+/u.exec(text.slice(from, from + 500));
    return word ? [from, from + word[0].length] : undefined;
}
