//! The files of the `GraphiQL` page. Written by `crates/server/graphiql/build.sh`; not by hand.

use super::Asset;

/// Every file of the page, by path.
pub(super) static ASSETS: &[Asset] = &[
    Asset {
        path: "/THIRD_PARTY_LICENSES.txt",
        content_type: "text/plain; charset=utf-8",
        etag: "\"9b1d51dd9f8ead52\"",
        bytes: include_bytes!("../../graphiql/dist/THIRD_PARTY_LICENSES.txt"),
    },
    Asset {
        path: "/assets/graphiql/codicon-DCmgc-ay.ttf",
        content_type: "font/ttf",
        etag: "\"0f1d5219934e96e8\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/codicon-DCmgc-ay.ttf"),
    },
    Asset {
        path: "/assets/graphiql/editor.worker-DEFT_Yb2.js",
        content_type: "text/javascript; charset=utf-8",
        etag: "\"5a5e098b752dc031\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/editor.worker-DEFT_Yb2.js"),
    },
    Asset {
        path: "/assets/graphiql/empty-DRVeCKN-.js",
        content_type: "text/javascript; charset=utf-8",
        etag: "\"cbb14cd55074aca1\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/empty-DRVeCKN-.js"),
    },
    Asset {
        path: "/assets/graphiql/favicon-CLpxl0kw.svg",
        content_type: "image/svg+xml",
        etag: "\"12e2ee3960485003\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/favicon-CLpxl0kw.svg"),
    },
    Asset {
        path: "/assets/graphiql/graphql-4LGsZvos.js",
        content_type: "text/javascript; charset=utf-8",
        etag: "\"a30f079e0f71d299\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/graphql-4LGsZvos.js"),
    },
    Asset {
        path: "/assets/graphiql/graphql-C5c0nfMc.js",
        content_type: "text/javascript; charset=utf-8",
        etag: "\"ec5a9c3adf1211c7\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/graphql-C5c0nfMc.js"),
    },
    Asset {
        path: "/assets/graphiql/graphql-CNP3xU9i.js",
        content_type: "text/javascript; charset=utf-8",
        etag: "\"0e342576ecafbc7a\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/graphql-CNP3xU9i.js"),
    },
    Asset {
        path: "/assets/graphiql/graphql-fmXr3nnJ.js",
        content_type: "text/javascript; charset=utf-8",
        etag: "\"a66e3b8eacf8ad40\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/graphql-fmXr3nnJ.js"),
    },
    Asset {
        path: "/assets/graphiql/graphql.worker-2P7JBd-d.js",
        content_type: "text/javascript; charset=utf-8",
        etag: "\"831088bc02ea4017\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/graphql.worker-2P7JBd-d.js"),
    },
    Asset {
        path: "/assets/graphiql/graphqlMode-Bx9FjJPM.js",
        content_type: "text/javascript; charset=utf-8",
        etag: "\"7207192f22f04973\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/graphqlMode-Bx9FjJPM.js"),
    },
    Asset {
        path: "/assets/graphiql/index-B-oWH_03.js",
        content_type: "text/javascript; charset=utf-8",
        etag: "\"2d543b8e8a5e9d94\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/index-B-oWH_03.js"),
    },
    Asset {
        path: "/assets/graphiql/index-DRrWtLMW.css",
        content_type: "text/css; charset=utf-8",
        etag: "\"75ff878a2a81b8de\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/index-DRrWtLMW.css"),
    },
    Asset {
        path: "/assets/graphiql/json.worker-ky6CAS4V.js",
        content_type: "text/javascript; charset=utf-8",
        etag: "\"9852e6a22d140850\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/json.worker-ky6CAS4V.js"),
    },
    Asset {
        path: "/assets/graphiql/jsonMode-CX1ljOzJ.js",
        content_type: "text/javascript; charset=utf-8",
        etag: "\"138b33f405399dca\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/jsonMode-CX1ljOzJ.js"),
    },
    Asset {
        path: "/assets/graphiql/lite-CuJo7yFG.js",
        content_type: "text/javascript; charset=utf-8",
        etag: "\"9fd54fba81043a3d\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/lite-CuJo7yFG.js"),
    },
    Asset {
        path: "/assets/graphiql/monaco-BM9qltxo.js",
        content_type: "text/javascript; charset=utf-8",
        etag: "\"e2e926e8279313a7\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/monaco-BM9qltxo.js"),
    },
    Asset {
        path: "/assets/graphiql/monaco-Cc1r-l75.css",
        content_type: "text/css; charset=utf-8",
        etag: "\"b6bf0f6ca55125ef\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/monaco-Cc1r-l75.css"),
    },
    Asset {
        path: "/assets/graphiql/mouseTarget-CoGM8Knm.js",
        content_type: "text/javascript; charset=utf-8",
        etag: "\"77891853d54e6db2\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/mouseTarget-CoGM8Knm.js"),
    },
    Asset {
        path: "/assets/graphiql/prettier-A69a_dYB.js",
        content_type: "text/javascript; charset=utf-8",
        etag: "\"63f3af0d74159a71\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/prettier-A69a_dYB.js"),
    },
    Asset {
        path: "/assets/graphiql/prettier-DL7X4_ld.js",
        content_type: "text/javascript; charset=utf-8",
        etag: "\"c53e6a079be002e4\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/prettier-DL7X4_ld.js"),
    },
    Asset {
        path: "/assets/graphiql/rolldown-runtime-XKyaHtl9.js",
        content_type: "text/javascript; charset=utf-8",
        etag: "\"548d1dbf321e7d2a\"",
        bytes: include_bytes!("../../graphiql/dist/assets/graphiql/rolldown-runtime-XKyaHtl9.js"),
    },
    Asset {
        path: "/index.html",
        content_type: "text/html; charset=utf-8",
        etag: "\"1caf8775523329f1\"",
        bytes: include_bytes!("../../graphiql/dist/index.html"),
    },
];
