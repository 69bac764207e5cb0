export const id = 38;
export const ids = [38];
export const modules = {

/***/ 6038:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   fromEnv: () => (/* reexport safe */ _BtIugR_js__WEBPACK_IMPORTED_MODULE_0__._)
/* harmony export */ });
/* harmony import */ var _BtIugR_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(2748);


/***/ })

};
