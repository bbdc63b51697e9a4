import { createStore } from './store.js';

const themes = ['system', 'light', 'dark'];
const current = () => document.documentElement.dataset.theme ?? 'system';

export const theme = createStore(current());

/** theme.js at the root reads the same key before the first paint. */
export function nextTheme() {
    const next = themes[(themes.indexOf(current()) + 1) % themes.length];
    if (next === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
        localStorage.setItem('pao.theme', next);
    } catch { /* holds until the page is left */ }
    theme.set(next);
}
