// DESIGN: live updates. One EventSource per address, shared by all who listen, open only while the tab is visible
// (HTTP/1.1 gives a browser six connections per host, over all its tabs). The browser resumes a dropped stream by
// itself with Last-Event-ID; a stream that was closed, by hiding the tab or by the server, starts anew and tells its
// listeners `{type: 'resync'}`: something may have been missed, read again.

import { address } from './api.js';
import { createStore } from './store.js';
import { useEffect, useRef } from './preact.js';

const types = ['request.status', 'request.step', 'request.held', 'instance.state', 'ticket', 'approval', 'catalog.synced', 'log'];
const longestWait = 30_000;
const streams = new Map();

/** 'live', 'connecting' or 'off'. */
export const connection = createStore('off');

function openStream(url) {
    const listeners = new Set();
    let source;
    let timer;
    let wait = 1000;
    let isResumed = false;

    const tell = (event) => {
        for (const listener of [...listeners]) listener(event);
    };
    const hear = (message) => {
        try {
            tell({ type: message.type, id: message.lastEventId, ...JSON.parse(message.data) });
        } catch { /* not ours */ }
    };
    const close = () => {
        clearTimeout(timer);
        source?.close();
        source = undefined;
    };
    const open = () => {
        close();
        source = new EventSource(url);
        source.onopen = () => {
            wait = 1000;
            connection.set('live');
            if (isResumed) tell({ type: 'resync' });
            isResumed = true;
        };
        source.onerror = () => {
            connection.set('connecting');
            if (source?.readyState !== EventSource.CLOSED) return;
            timer = setTimeout(open, wait);
            wait = Math.min(wait * 2, longestWait);
        };
        for (const type of types) source.addEventListener(type, hear);
    };
    const followVisibility = () => (document.hidden ? close() : open());

    document.addEventListener('visibilitychange', followVisibility);
    followVisibility();
    return {
        listeners,
        end() {
            document.removeEventListener('visibilitychange', followVisibility);
            close();
        },
    };
}

/** Answers how to stop listening. */
export function listen(url, listener) {
    if (!streams.has(url)) streams.set(url, openStream(url));
    const stream = streams.get(url);
    stream.listeners.add(listener);
    return () => {
        stream.listeners.delete(listener);
        if (stream.listeners.size) return;
        stream.end();
        streams.delete(url);
        if (!streams.size) connection.set('off');
    };
}

/** Everything one may see, while the component is shown. Events say their `type`, `subject`, `requestId`, `old` and `new`. */
export const useEvents = (listener) => useStream(address('/events'), listener);

/** Any other stream; an `url` of undefined listens to nothing. */
export function useStream(url, listener) {
    const latest = useRef(listener);
    latest.current = listener;
    useEffect(() => (url ? listen(url, (event) => latest.current(event)) : undefined), [url]);
}
