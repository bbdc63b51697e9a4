import { html } from '../lib/preact.js';

// 16 px, 1.5 px stroke. One path per icon.
const paths = {
    catalog: 'M2.5 3.5h4v4h-4zM9.5 3.5h4v4h-4zM2.5 10.5h4v2h-4zM9.5 10.5h4v2h-4z',
    requests: 'M5.5 4h8M5.5 8h8M5.5 12h8M2.5 4h.01M2.5 8h.01M2.5 12h.01',
    approvals: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM5.4 8.2l1.8 1.8 3.4-3.7',
    tickets: 'M2.5 4.5h11v2.2a1.3 1.3 0 0 0 0 2.6v2.2h-11V9.3a1.3 1.3 0 0 0 0-2.6zM9.5 5v6',
    instances: 'M8 2l5.5 3v6L8 14l-5.5-3V5zM2.7 5.1L8 8l5.3-2.9M8 8v6',
    workshop: 'M5.3 4.5L1.8 8l3.5 3.5M10.7 4.5L14.2 8l-3.5 3.5M9.2 2.8L6.8 13.2',
    insights: 'M2.5 13.5h11M4.5 11V8M8 11V3M11.5 11V6',
    bell: 'M4 11V7a4 4 0 0 1 8 0v4l1 1.5H3zM6.8 14.2h2.4',
    search: 'M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10zM10.6 10.6L14 14',
    sun: 'M8 10.7a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4zM8 1.8v1M8 13.2v1M1.8 8h1M13.2 8h1M3.6 3.6l.7.7M11.7 11.7l.7.7M3.6 12.4l.7-.7M11.7 4.3l.7-.7',
    moon: 'M13.4 9.6A5.8 5.8 0 0 1 6.4 2.6 5.8 5.8 0 1 0 13.4 9.6z',
    system: 'M2 3h12v8H2zM5.5 13.5h5M8 11v2.5',
    copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
    external: 'M9 2.5h4.5V7M13.5 2.5L7.5 8.5M11.5 9.5v4h-9v-9h4',
    chevron: 'M6 3.5L10.5 8 6 12.5',
    close: 'M3.5 3.5l9 9M12.5 3.5l-9 9',
    plus: 'M8 3v10M3 8h10',
    warning: 'M8 2.2L14.3 13H1.7zM8 6.5v3M8 11.3h.01',
    info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.3v3.4M8 5.2h.01',
    user: 'M8 8a2.7 2.7 0 1 0 0-5.4A2.7 2.7 0 0 0 8 8zM2.8 13.5c.6-2.4 2.6-3.7 5.2-3.7s4.6 1.3 5.2 3.7',
    exit: 'M6.5 2.5h-4v11h4M10 5l3.5 3L10 11M13.5 8H6',
    clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 4.8V8l2.2 1.5',
    draft: 'M3 13l.6-2.8L11 2.8 13.2 5 5.8 12.4z',
};

/** Decoration: the word beside it, or the button's label, says what it means. */
export const Icon = ({ name }) => html`
    <svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5"
        stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d=${paths[name]} /></svg>`;
