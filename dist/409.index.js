export const id = 409;
export const ids = [409];
export const modules = {

/***/ 5409:
/***/ ((__unused_webpack___webpack_module__, __webpack_exports__, __webpack_require__) => {

/* harmony export */ __webpack_require__.d(__webpack_exports__, {
/* harmony export */   fromHttp: () => (/* binding */ d)
/* harmony export */ });
/* harmony import */ var _Bjlg02_js__WEBPACK_IMPORTED_MODULE_5__ = __webpack_require__(2310);
/* harmony import */ var _D6N_xl_js__WEBPACK_IMPORTED_MODULE_0__ = __webpack_require__(2152);
/* harmony import */ var _BKZ6h8_js__WEBPACK_IMPORTED_MODULE_1__ = __webpack_require__(6026);
/* harmony import */ var _BdoJu2_js__WEBPACK_IMPORTED_MODULE_4__ = __webpack_require__(3473);
/* harmony import */ var _D_GASM_js__WEBPACK_IMPORTED_MODULE_2__ = __webpack_require__(9344);
/* harmony import */ var node_fs_promises__WEBPACK_IMPORTED_MODULE_3__ = __webpack_require__(1455);
const s=(e,n)=>{if(e.protocol!==`https:`&&e.hostname!==`169.254.170.2`&&e.hostname!==`169.254.170.23`&&e.hostname!==`[fd00:ec2::23]`){if(e.hostname.includes(`[`)){if(e.hostname===`[::1]`||e.hostname===`[0000:0000:0000:0000:0000:0000:0000:0001]`)return}else{if(e.hostname===`localhost`)return;let t=e.hostname.split(`.`),n=e=>{let t=parseInt(e,10);return 0<=t&&t<=255};if(t[0]===`127`&&n(t[1])&&n(t[2])&&n(t[3])&&t.length===4)return}throw new _D6N_xl_js__WEBPACK_IMPORTED_MODULE_0__.t(`URL not accepted. It must either be HTTPS or match one of the following:
  - loopback CIDR 127.0.0.0/8 or [::1/128]
  - ECS container host 169.254.170.2
  - EKS container host 169.254.170.23 or [fd00:ec2::23]`,{logger:n})}};function c(e){return new _BdoJu2_js__WEBPACK_IMPORTED_MODULE_4__.t({protocol:e.protocol,hostname:e.hostname,port:Number(e.port),path:e.pathname,query:Array.from(e.searchParams.entries()).reduce((e,[t,n])=>(e[t]=n,e),{}),fragment:e.hash})}async function l(e,r){let i=await (0,_D_GASM_js__WEBPACK_IMPORTED_MODULE_2__.p)(e.body).transformToString();if(e.statusCode===200){let e=JSON.parse(i);if(typeof e.AccessKeyId!=`string`||typeof e.SecretAccessKey!=`string`||typeof e.Token!=`string`||typeof e.Expiration!=`string`)throw new _D6N_xl_js__WEBPACK_IMPORTED_MODULE_0__.t(`HTTP credential provider response not of the required format, an object matching: { AccessKeyId: string, SecretAccessKey: string, Token: string, Expiration: string(rfc3339) }`,{logger:r});return{accessKeyId:e.AccessKeyId,secretAccessKey:e.SecretAccessKey,sessionToken:e.Token,expiration:(0,_BKZ6h8_js__WEBPACK_IMPORTED_MODULE_1__.c)(e.Expiration)}}if(e.statusCode>=400&&e.statusCode<500){let n={};try{n=JSON.parse(i)}catch{}throw Object.assign(new _D6N_xl_js__WEBPACK_IMPORTED_MODULE_0__.t(`Server responded with status: ${e.statusCode}`,{logger:r}),{Code:n.Code,Message:n.Message})}throw new _D6N_xl_js__WEBPACK_IMPORTED_MODULE_0__.t(`Server responded with status: ${e.statusCode}`,{logger:r})}const u=(e,t,n)=>async()=>{for(let r=0;r<t;++r)try{return await e()}catch{await new Promise(e=>setTimeout(e,n))}return await e()},d=(n={})=>{n.logger?.debug(`@aws-sdk/credential-provider-http - fromHttp`);let i,a=n.awsContainerCredentialsRelativeUri??process.env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI,d=n.awsContainerCredentialsFullUri??process.env.AWS_CONTAINER_CREDENTIALS_FULL_URI,p=n.awsContainerAuthorizationToken??process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN,m=n.awsContainerAuthorizationTokenFile??process.env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE,h=n.logger?.constructor?.name===`NoOpLogger`||!n.logger?.warn?console.warn:n.logger.warn.bind(n.logger);if(a&&d&&(h(`@aws-sdk/credential-provider-http: you have set both awsContainerCredentialsRelativeUri and awsContainerCredentialsFullUri.`),h(`awsContainerCredentialsRelativeUri will take precedence.`)),p&&m&&(h(`@aws-sdk/credential-provider-http: you have set both awsContainerAuthorizationToken and awsContainerAuthorizationTokenFile.`),h(`awsContainerAuthorizationTokenFile will take precedence.`)),a)i=`http://169.254.170.2${a}`;else if(d)i=d;else throw new _D6N_xl_js__WEBPACK_IMPORTED_MODULE_0__.t(`No HTTP credential provider host provided.
Set AWS_CONTAINER_CREDENTIALS_FULL_URI or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI.`,{logger:n.logger});let g=new URL(i);s(g,n.logger);let _=_BKZ6h8_js__WEBPACK_IMPORTED_MODULE_1__.t.create({connectionTimeout:n.timeout??1e3}),v=n.timeout??1e3,y=u(async()=>{let r=c(g);m?r.headers.Authorization=f((await node_fs_promises__WEBPACK_IMPORTED_MODULE_3__.readFile(m)).toString()):p&&(r.headers.Authorization=f(p));try{return l((await _.handle(r,{requestTimeout:v})).response).then(t=>(0,_Bjlg02_js__WEBPACK_IMPORTED_MODULE_5__.t)(t,`CREDENTIALS_HTTP`,`z`))}catch(e){throw new _D6N_xl_js__WEBPACK_IMPORTED_MODULE_0__.t(String(e),{logger:n.logger})}},n.maxRetries??3,n.timeout??1e3);return async()=>{try{return await y()}finally{_.destroy?.()}}},f=e=>{if(e.includes(`\r
`))throw new _D6N_xl_js__WEBPACK_IMPORTED_MODULE_0__.t(`Authorization token contains invalid \\r\\n sequence.`);return e};

/***/ })

};
