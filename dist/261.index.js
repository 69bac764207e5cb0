export const id = 261;
export const ids = [261];
export const modules = {

/***/ 6261:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   fromEnv: () => (/* reexport safe */ _FSiiVr_js__WEBPACK_IMPORTED_MODULE_0__.p)
/* harmony export */ });
/* harmony import */ var _FSiiVr_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(2508);


/***/ })

};
