// The one place that names the vendored file.
export {
    Component, createContext, h, html, render, useCallback, useContext, useEffect, useErrorBoundary, useLayoutEffect,
    useMemo, useReducer, useRef, useState,
} from '../vendor/preact-10.27.2-htm-3.1.1.min.js';
