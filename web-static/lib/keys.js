// Keys that work on every page. Inside a field only Escape and Ctrl K do.

import { navigation } from './navigation.js';

const bindings = new Map();
const sequenceTime = 1000;
let first;

/** `keys` is one key ("/"), two in a row ("g c") or with Ctrl ("Ctrl k"). Answers how to unbind. */
export function bind(keys, action) {
    bindings.set(keys, action);
    return () => bindings.get(keys) === action && bindings.delete(keys);
}

export const shortcuts = [
    ['/', 'Search'], ['Ctrl K', 'Go to anything'], ...navigation.map(({ key, name }) => [`g ${key}`, name]),
    ['↓ ↑', 'Next or previous in a list'], ['Enter', 'Open'], ['?', 'These keys'], ['Esc', 'Close'],
];

const isTyping = (element) => element?.closest?.('input, textarea, select, [contenteditable]');

function onKey(event) {
    if (event.isComposing || event.altKey) return;
    if (event.ctrlKey || event.metaKey) return run(`Ctrl ${event.key.toLowerCase()}`, event);
    if (isTyping(event.target) || document.querySelector('dialog[open]')) return undefined;
    const pair = first && `${first} ${event.key}`;
    first = undefined;
    if (pair && run(pair, event)) return undefined;
    if ([...bindings.keys()].some((keys) => keys.startsWith(`${event.key} `))) {
        first = event.key;
        setTimeout(() => { first = undefined; }, sequenceTime);
        return undefined;
    }
    return run(event.key, event);
}

function run(keys, event) {
    const action = bindings.get(keys);
    if (!action) return false;
    event.preventDefault();
    action(event);
    return true;
}

export const startKeys = () => addEventListener('keydown', onKey);

/** For the `onKeyDown` of a list: arrows move the focus among its `[data-row]` elements, Home and End to its ends. */
export function moveAmongRows(event) {
    const rows = [...event.currentTarget.querySelectorAll('[data-row]')];
    const at = rows.indexOf(event.target.closest('[data-row]'));
    const target = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (at < 0 || target === undefined || !rows[target]) return;
    event.preventDefault();
    rows[target].focus();
}
