// Addresses are the state of the page: paths name it, queries hold its filters.

import { createStore, useStore } from './store.js';

const here = () => ({ path: location.pathname, query: Object.fromEntries(new URLSearchParams(location.search)) });

export const place = createStore(here());
export const usePlace = () => useStore(place);

/** `replace` leaves no step back: for filters and redirects. */
export function navigate(target, { replace = false } = {}) {
    history[replace ? 'replaceState' : 'pushState'](null, '', target);
    if (!replace) scrollTo(0, 0);
    place.set(here());
}

/** Sets some of the query's keys; empty ones go. */
export function setQuery(changes) {
    const parameters = new URLSearchParams(location.search);
    for (const [key, value] of Object.entries(changes)) {
        if (value) parameters.set(key, value);
        else parameters.delete(key);
    }
    const text = parameters.toString();
    navigate(location.pathname + (text ? `?${text}` : ''), { replace: true });
}

/** `{name: 'id'}` parameters of a path that matches "/requests/{id}", else undefined. */
export function match(pattern, path) {
    const [wanted, given] = [pattern, path].map((text) => text.split('/').filter(Boolean));
    if (wanted.length !== given.length) return undefined;
    const found = {};
    for (const [index, part] of wanted.entries()) {
        if (!part.startsWith('{')) {
            if (part !== given[index]) return undefined;
        } else {
            const value = decoded(given[index]);
            if (value === undefined) return undefined;
            found[part.slice(1, -1)] = value;
        }
    }
    return found;
}

function decoded(part) {
    try {
        return decodeURIComponent(part);
    } catch {
        return undefined;
    }
}

/** Plain clicks on links to pages stay in this document; everything else is the browser's. */
function followLink(event) {
    const link = event.target.closest?.('a[href]');
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !isPlain || event.defaultPrevented || link.target || link.hasAttribute('download')) return;
    if (link.origin !== location.origin || link.pathname.startsWith('/api/') || link.getAttribute('href').startsWith('#')) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
}

export function startRouter() {
    addEventListener('popstate', () => place.set(here()));
    document.addEventListener('click', followLink);
}
