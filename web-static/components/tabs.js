import { html } from '../lib/preact.js';

/** Tabs as WAI-ARIA has them: arrows move between them, the panel follows. `tabs`: `[{id, name, content()}]`. */
export function Tabs({ label, tabs, chosen, onChoose }) {
    const current = tabs.find(({ id }) => id === chosen) ?? tabs[0];
    const onKeyDown = (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        event.preventDefault();
        const next = tabs[(tabs.indexOf(current) + step + tabs.length) % tabs.length];
        onChoose(next.id);
        event.currentTarget.querySelector(`#tab-${next.id}`)?.focus();
    };
    return html`
        <div class="tabs" role="tablist" aria-label=${label} onKeyDown=${onKeyDown}>${tabs.map(({ id, name }) => html`
            <button type="button" key=${id} id=${`tab-${id}`} class="tab" role="tab" aria-selected=${id === current.id ? 'true' : 'false'}
                aria-controls="tab-panel"
                tabindex=${id === current.id ? 0 : -1} onClick=${() => onChoose(id)}>${name}</button>`)}</div>
        <div id="tab-panel" role="tabpanel" aria-labelledby=${`tab-${current.id}`} key=${current.id}>${current.content()}</div>`;
}
