import { ProblemNotice } from '../components/problem.js';
import { html, useEffect, useRef, useState } from '../lib/preact.js';
import { useAction } from '../lib/resource.js';
import { server, signIn } from '../lib/session.js';
import { useStore } from '../lib/store.js';

export default function SignInPage() {
    const [user, setUser] = useState('');
    const [password, setPassword] = useState('');
    const { sandbox } = useStore(server);
    const { run, isBusy, problem } = useAction(() => signIn(user.trim(), password));
    const first = useRef();
    useEffect(() => {
        document.title = 'Sign in · PAO';
        first.current.focus();
    }, []);
    const submit = (event) => {
        event.preventDefault();
        run();
    };
    return html`
        <main class="sign-in">
            <form onSubmit=${submit}>
                <div class="sign-in-title"><img src="/icon.svg" alt="" width="32" height="32" /><h1>Sign in to PAO</h1></div>
                <div class="field">
                    <label for="user">User</label>
                    <input id="user" ref=${first} class="input" autocomplete="username" autocapitalize="none" spellcheck=${false} required
                        value=${user} onInput=${(event) => setUser(event.currentTarget.value)} />
                </div>
                <div class="field">
                    <label for="password">Password</label>
                    <input id="password" class="input" type="password" autocomplete="current-password" required value=${password}
                        onInput=${(event) => setPassword(event.currentTarget.value)} />
                </div>
                <button class="button primary wide" aria-disabled=${isBusy ? 'true' : 'false'}>Sign in</button>
                <${ProblemNotice} problem=${wordsFor(problem)} />
                ${sandbox && html`<p
                    class="help">This is a demo. Its user and password were printed in the terminal where it was started.</p>`}
            </form>
        </main>`;
}

const wordsFor = (problem) => (problem?.status === 401
    ? { title: 'User and password do not match', detail: 'Check both, and whether Caps Lock is on.' } : problem);
