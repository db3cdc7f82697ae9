namespace Kyberium.Engine.Cryptography.SelfTest;

/// <summary>The known answers, from published vectors; tests/Vectors holds the files they are taken from.</summary>
internal static class KnownAnswers
{
    /// <summary>Gets one known answer for each algorithm the engine uses.</summary>
    internal static IReadOnlyList<SelfTestCase> All { get; } =
    [

        // FIPS 202: "abc", and 200 bytes 0xa3 (NIST's example values with intermediate results).
        SelfTestCase.Sha3For256("616263", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
        SelfTestCase.Sha3For512(
            "616263",
            "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c9"
                + "1a7ec57647e3934057340b4cf408d5a56592f8274eec53f0"),
        SelfTestCase.Shake128(0xA3, 200, "131ab8d2b594946b9c81333f9bb6e0ce75c3b93104fa3469d3917457385da037"),
        SelfTestCase.Shake256(0xA3, 200, "cd8a920ed141aa0407a22d59288652e9d9f1a7ee0c1e7c1ca699424da84a904d"),

        // Wycheproof hkdf_sha512_test, tcId 71.
        SelfTestCase.HkdfSha512(
            inputKey: "c132ac861d00e8aa82470baf3be3851c9f77f96b19cc2c3eb5558c20915ad16cb45c50db9b230c52"
                    + "79bf7b38fbf50ce68b60d7b230530f3a5f4016883f217168",
            salt: "4c3582c867fab84ca075da5aef6b78b8db982ee4fe33fb4500294659aad63dd7677f2f256bf719c6"
                    + "796ea8fdf12c46863064875a529aeef9318f344335610f82",
            info: "7573b95f1d8ee5d0",
            output: "d93663825963a4a2328a6e56ee7d108de95b7c981c3e62dc8df40105e4995137ca8cfa91cbffb447"
                    + "ffd80b0b901578aaabc6c56b3aa66734fbe98b95c1125990e14533e13d049f025880fb2834c8e5e2"
                    + "bbc8719deb3b207429397c19beb0160f46441f95f8b11ab2ead32c64c12d9f46d6aaa58f9e685771"),

        .. new[] { AeadProvider.Platform }.Concat(AeadProvider.IntrinsicWidths).SelectMany(Aes256Gcm),

        // C2SP CCTV unlucky samples. The answer is SHA3-256(ek ‖ c ‖ K ‖ K of c with its first bit flipped).
        SelfTestCase.MlKem(
            "ML-KEM-512",
            Kem.MlKem512,
            seed: "2d391adbf4f7e004b09449c48dca574e590c59bd1c8e8095c942b7dd99f7b5da8476013560151d98"
                    + "6dc7834dcb57c75f845f8d7ee71558d0955f3f4feb723cf2",
            randomness: "e48f74ad416e99631003ded1478aec62a02c245d88ed7f2fae92aedf13ca03b3",
            answer: "6dfeed6700ffd30b34fdac47553f4e5d18d531a8835c81e00eb33120a30a4088"),
        SelfTestCase.MlKem(
            "ML-KEM-768",
            Kem.MlKem768,
            seed: "82c4a361586b9715c2375a45fb85c32d04be7fe6e26acd820ec5d4080093afe18476013560151d98"
                    + "6dc7834dcb57c75f845f8d7ee71558d0955f3f4feb723cf2",
            randomness: "e48f74ad416e99631003ded1478aec62a02c245d88ed7f2fae92aedf13ca03b3",
            answer: "a8af463042b9209dfe96c8cea67bef199053e4a85c2fc22f1573cb576c7acd14"),
        SelfTestCase.MlKem(
            "ML-KEM-1024",
            Kem.MlKem1024,
            seed: "9526e27d918ae2379c067c81c59eca33fcd7045ea098c6ea6ed7d8aaea511cb68476013560151d98"
                    + "6dc7834dcb57c75f845f8d7ee71558d0955f3f4feb723cf2",
            randomness: "e48f74ad416e99631003ded1478aec62a02c245d88ed7f2fae92aedf13ca03b3",
            answer: "5fb7c1fa8e6359c09338af5d44bd85022bd5c669d6afe194c0b48069dbe39666"),

        // noble-post-quantum MLKEM768P256 (second vector) and hpke-pq 0x0051. The answer is SHA3-256(ek ‖ ct ‖ ss).
        SelfTestCase.Hybrid(
            "MLKEM768-P256",
            Kem.MlKem768P256,
            seed: "0101010101010101010101010101010101010101010101010101010101010101",
            randomness: "65656565656565656565656565656565656565656565656565656565656565656565656565656565"
                    + "65656565656565656565656565656565656565656565656565656565656565656565656565656565"
                    + "65656565656565656565656565656565656565656565656565656565656565656565656565656565"
                    + "65656565656565656565656565656565656565656565656565656565656565656565656565656565",
            answer: "fc000e068ddeac081e6e4dc86ccae92b72752c81b31996897fc943215cb76229"),
        SelfTestCase.Hybrid(
            "MLKEM1024-P384",
            Kem.MlKem1024P384,
            seed: "dbdae0423ba0e5db3d6322601b8dc302d3051d4677142079c7bdf441f4c448dd",
            randomness: "bd1207854ec0963347d5218f900783d6ca0ff62c5e2181ca5a932e2d6d8d96cc9b092a9d709468d1"
                    + "0f7e8ec8d9eccd7e7a647d351133e2a2f4b438154d1dd70850af7f7841c1dbd0699feb9852d99c08",
            answer: "0654b85cfb837a3c4823b9bdade2642943e244095ed572a297137ad7997e2ddd"),
    ];

    private static IEnumerable<SelfTestCase> Aes256Gcm(AeadProvider provider) =>
    [
        // McGrew and Viega, "The Galois/Counter Mode of Operation", test case 16: four blocks, the last not whole.
        SelfTestCase.Aes256Gcm(
            provider,
            key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            nonce: "cafebabefacedbaddecaf888",
            associatedData: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            plaintext: "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c9595680953"
                       + "2fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            ciphertext: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3d"
                        + "a7b08b1056828838c5f61e6393ba7a0abcc9f662",
            tag: "76fc6ece0f4e1768cddf8853bb2d551b"),

        // Wycheproof aes_gcm_test, tcId 102: two blocks, the second not whole.
        SelfTestCase.Aes256Gcm(
            provider,
            key: "f32364b1d339d82e4f132d8f4a0ec1ff7e746517fa07ef1a7f422f4e25a48194",
            nonce: "5a86a50a0e8a179c734b996d",
            associatedData: "ab2ac7c44c60bdf8228c7884adb20184",
            plaintext: "43891bccb522b1e72a6b53cf31c074e9d6c2df8e",
            ciphertext: "43dda832e942e286da314daa99bef5071d9d2c78",
            tag: "c3922583476ced575404ddb85dd8cd44"),
    ];
}
