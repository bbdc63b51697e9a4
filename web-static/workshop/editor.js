import { Icon } from '../components/icon.js';
import { html, useEffect, useRef } from '../lib/preact.js';
import { sentence } from '../lib/states.js';
import { editingKeys, fixRange, offsetOf, replace } from './text-area.js';

const lineHeight = 20;
const tones = { error: 'fail', warning: 'warn' };

/** The worst finding of each line. */
function marksOf(findings) {
    const marks = new Map();
    for (const finding of findings) {
        if (marks.get(finding.line)?.severity !== 'error') marks.set(finding.line, finding);
    }
    return [...marks.values()];
}

/**
 * YAML with numbered lines, and what is wrong with it: in the gutter, and below as a list that leads to each place.
 * `findings`: undefined until the server has answered for the first time.
 */
export function Editor({ text, onInput, findings, isChecking }) {
    const area = useRef();
    const frame = useRef();
    const keys = useRef();
    keys.current ??= editingKeys();
    const count = text.split('\n').length;
    // Set from outside only where it differs: the browser's own undo survives what the page knows already.
    useEffect(() => { if (area.current.value !== text) area.current.value = text; }, [text]);
    const goTo = ({ line, column }) => {
        const at = offsetOf(text, line, column);
        area.current.focus({ preventScroll: true });
        area.current.setSelectionRange(at, at);
        frame.current.scrollTop = Math.max(0, (line - 4) * lineHeight);
        frame.current.scrollIntoView({ block: 'nearest' });
    };
    return html`
        <section class="panel" aria-label="Document">
            <div class="editor" ref=${frame}>
                <div class="gutter" aria-hidden="true">
                    <pre>${Array.from({ length: count }, (_, index) => index + 1).join('\n')}</pre>
                    ${marksOf(findings ?? []).map((finding) => html`
                        <button type="button" tabindex="-1" key=${finding.line} class=${`mark tone-${tones[finding.severity]}`}
                            style=${{ top: `${(finding.line - 1) * lineHeight + 8}px` }} title=${finding.message}
                            onClick=${() => goTo(finding)}><${Icon} name="warning" /></button>`)}
                </div>
                <textarea ref=${area} rows=${count + 1} wrap="off" spellcheck=${false} autocapitalize="none" autocomplete="off"
                    aria-label="YAML of the document" aria-describedby="editor-keys" onKeyDown=${keys.current}
                    onInput=${(event) => onInput(event.currentTarget.value)}></textarea>
            </div>
            <div class="editor-foot small muted">
                <span id="editor-keys">Tab indents; Esc, then Tab leaves.</span>
                <span role="status">${summaryOf(findings, isChecking)}</span>
            </div>
            ${findings?.length > 0 && html`
                <ol class="findings" aria-label="Findings">${findings.map((finding) => html`
                    <${Finding} key=${`${finding.line}:${finding.column} ${finding.rule}`} finding=${finding} text=${text}
                        goTo=${goTo} fix=${(range) => replace(area.current, ...range, finding.suggestion)} />`)}</ol>`}
        </section>`;
}

function summaryOf(findings, isChecking) {
    if (isChecking || !findings) return 'Checking…';
    if (!findings.length) return 'No findings';
    const errors = findings.filter(({ severity }) => severity === 'error').length;
    return [[errors, 'error'], [findings.length - errors, 'warning']]
        .filter(([count]) => count).map(([count, word]) => `${count} ${word}${count > 1 ? 's' : ''}`).join(', ');
}

function Finding({ finding, text, goTo, fix }) {
    const { line, column, severity, rule, message, suggestion } = finding;
    const range = fixRange(text, finding);
    return html`
        <li>
            <button type="button" class="place id" onClick=${() => goTo(finding)} aria-label=${`Go to line ${line}, column ${column}`}>
                ${line}:${column}</button>
            <div>
                <p><b class=${`tone-${tones[severity]}`}>${sentence(severity)}</b> ${message}
                    ${suggestion && !range && html` <span class="muted">Did you mean <code>${suggestion}</code>?</span>`}</p>
                <p class="row wrap small"><a href=${`/workshop/rules?rule=${rule}`} target="_blank">${rule}</a>
                    ${range && html`<button type="button" class="link-button" onClick=${() => fix(range)}>
                        Change it to <code>${suggestion}</code></button>`}</p>
            </div>
        </li>`;
}
